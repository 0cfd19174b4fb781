/** System calls by the name that Node has for the machine: its audit number, `socket`, `io_uring_setup`. */
const machines: Readonly<Record<string, { readonly audit: number; readonly socket: number }>> = {
  x64: { audit: 0xc000003e, socket: 41 },
  arm64: { audit: 0xc00000b7, socket: 198 },
};
const ioUringSetup = 425;
/** Families that a network namespace does not take away: local sockets (tmux, agents, containers), and the host of a VM. */
const families = { local: 1, vsock: 40 } as const;

const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const answer = 0x06;
const kill = 0x80000000;
const allow = 0x7fff0000;
const fail = 0x00050000;
const notImplemented = 38;
const notPermitted = 13;

/**
 * A seccomp program that lets a process make no socket of this machine's own: a file system that is mounted read-only
 * does not keep anybody from connecting to the tmux server and typing into a terminal. Null for machines it is not written
 * for.
 *
 * The layout is that of `struct sock_filter`: 16 bits code, 8 and 8 bits jumps, 32 bits operand, in this machine's order.
 */
export function socketFilter(architecture: string): Buffer | null {
  const machine = machines[architecture];
  if (machine === undefined) return null;
  return Buffer.concat([
    instruction(load, 4), // the architecture of the call
    instruction(jumpIfEqual, machine.audit, 1, 0),
    instruction(answer, kill), // 0 and 1 and 2: a program of another architecture
    instruction(load, 0), // which call
    instruction(jumpIfAtLeast, 0x40000000, 6, 0), // 4: the numbers of x32
    instruction(jumpIfEqual, ioUringSetup, 5, 0), // 5: makes sockets without the call
    instruction(jumpIfEqual, machine.socket, 0, 3),
    instruction(load, 16), // its first argument
    instruction(jumpIfEqual, families.local, 3, 0),
    instruction(jumpIfEqual, families.vsock, 2, 0),
    instruction(answer, allow), // 10
    instruction(answer, fail | notImplemented), // 11
    instruction(answer, fail | notPermitted), // 12
  ]);
}

function instruction(code: number, operand: number, ifTrue = 0, ifFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  bytes.writeUInt32LE(operand >>> 0, 4);
  return bytes;
}
