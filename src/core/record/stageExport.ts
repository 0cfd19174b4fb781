import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw, type DeflateRaw } from 'node:zlib';
import { Zip, type ZipInputFile } from 'fflate';
import { printedJson } from '../domain/json.ts';
import type { Connection } from '../ledger/connection.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { makeFolder } from '../ports/makeFolder.ts';
import { exportFiles, type ExportRequest } from './exportFiles.ts';

export const manifestName = 'manifest.json';
/** In the folder where an export is made, until it is moved beside the finished one. */
export const archiveName = 'archive.zip';

export interface StageOrder {
  readonly taskId: string;
  readonly request: ExportRequest;
  /** A timestamp: what the manifest says. */
  readonly createdAt: string;
  /** An empty folder. */
  readonly stage: string;
  readonly withArchive: boolean;
}

/** How much of a file is in memory at a time. */
const pieceBytes = 1 << 18;
/** The method of compression, as an archive says it. */
const deflate = 8;
/** The most that one unit of a JavaScript string takes as UTF-8. */
const bytesPerUnit = 3;

/** Makes the files of an export, as of one moment, and their archive. Resolves with their names, the manifest's last. */
export async function stageExport(ledger: Connection, order: StageOrder): Promise<readonly string[]> {
  const names = ledger.read(() => stageFiles(ledger, order));
  if (order.withArchive) await zipFiles(order.stage, names);
  return names;
}

function stageFiles(ledger: Connection, { taskId, request, createdAt, stage }: StageOrder): readonly string[] {
  const task = requireTask(ledger, taskId);
  const files = exportFiles(ledger, task, request);
  for (const { name, chunks } of files) write(stage, name, chunks());
  const names = files.map(({ name }) => name);
  const { id, name } = task;
  write(stage, manifestName, [`${printedJson({ created_at: createdAt, files: names, task: { id, name } })}\n`]);
  return [...names, manifestName];
}

function write(folder: string, name: string, chunks: Iterable<string>): void {
  const path = join(folder, name);
  makeFolder(dirname(path));
  const file = openSync(path, 'wx', 0o600);
  try {
    const piece = Buffer.allocUnsafe(pieceBytes);
    let filled = 0;
    const flush = (): void => {
      writeAll(file, piece.subarray(0, filled));
      filled = 0;
    };
    for (const chunk of chunks) {
      const most = chunk.length * bytesPerUnit;
      if (filled + most > pieceBytes) flush();
      if (most > pieceBytes) writeAll(file, Buffer.from(chunk));
      else filled += piece.write(chunk, filled);
    }
    flush();
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}

async function zipFiles(stage: string, names: readonly string[]): Promise<void> {
  const file = openSync(join(stage, archiveName), 'wx', 0o600);
  try {
    const zip = new Zip((error, bytes) => {
      if (error !== null) throw error;
      writeAll(file, bytes);
    });
    for (const name of names) await zipFile(zip, name, join(stage, name));
    zip.end();
  } finally {
    closeSync(file);
  }
}

/** zlib in place of fflate's own: a quarter of the time, none of it in JavaScript. */
async function zipFile(zip: Zip, name: string, path: string): Promise<void> {
  const entry: ZipInputFile = { filename: name, size: 0, crc: 0, compression: deflate };
  zip.add(entry);
  const deflater = createDeflateRaw();
  await Promise.all([
    pushFile(path, entry, deflater),
    pipeline(deflater, async (compressed: AsyncIterable<Buffer<ArrayBuffer>>) => {
      for await (const bytes of compressed) entry.ondata?.(null, bytes, false);
    }),
  ]);
  entry.ondata?.(null, Buffer.alloc(0), true);
}

async function pushFile(path: string, entry: ZipInputFile, deflater: DeflateRaw): Promise<void> {
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(pieceBytes);
    for (let size = readSync(file, piece); size > 0; size = readSync(file, piece)) {
      const bytes = piece.subarray(0, size);
      entry.size += size;
      entry.crc = crc32(bytes, entry.crc);
      // Compressed before the piece is filled again.
      await new Promise<void>((resolve, reject) =>
        deflater.write(bytes, (error) => (error ? reject(error) : resolve())),
      );
    }
    deflater.end();
  } finally {
    closeSync(file);
  }
}
