import * as module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { frequentVerbs } from '../core/operations/frequentVerbs.ts';

const verb = frequentVerbs.find((frequent) => frequent === process.argv[2]);

// The program is a file of its own, because only modules that are loaded after this line profit from the cache.
// It lies in the user's own cache folder: compiled code in a shared /tmp could be somebody else's. What a cache did not
// hold when it was made is compiled anew in every call, so each frequent verb has its own.
// A Node that is too old has no such cache; the program itself says that it is.
module.enableCompileCache?.(
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'agent-conveyor', 'compiled', verb ?? 'any'),
);
module.createRequire(__filename)(verb === undefined ? './conveyor.js' : './frequent.js');
