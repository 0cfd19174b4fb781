import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** What a file held when it was named as evidence (LQ-2). */
export interface ArtifactFacts {
  readonly artifact_sha256: string;
  readonly artifact_bytes: number;
}

/** Null when there is no such regular file, or it cannot be read. Takes as long as the file is large: not under a lock. */
export async function readArtifactFacts(path: string): Promise<ArtifactFacts | null> {
  try {
    // A pipe or a device would never end.
    if (!(await stat(path)).isFile()) return null;
    const hash = createHash('sha256');
    let bytes = 0;
    await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
      }
    });
    return { artifact_sha256: hash.digest('hex'), artifact_bytes: bytes };
  } catch {
    return null;
  }
}
