import { main } from './main.ts';

void main(process.argv.slice(2)).then((status) => {
  // The status is set, not forced: what was written to a pipe must still get out.
  process.exitCode = status;
});
