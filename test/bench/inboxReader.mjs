// Loaded into the reader before its program. Says on stderr when it waits, and when its output was written: both as
// the machine's monotonic clock in milliseconds, which all processes share.
import fs from 'node:fs';

const now = () => Number(process.hrtime.bigint()) / 1e6;
const { watch } = fs;
fs.watch = (...given) => {
  const watcher = watch(...given);
  setImmediate(() => fs.writeSync(2, `waits ${now()}\n`));
  return watcher;
};
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (output, done) =>
  write(output, (error) => {
    fs.writeSync(2, `wrote ${now()}\n`);
    done?.(error);
  });
