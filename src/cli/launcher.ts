import * as module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// The program is a file of its own, because only modules that are loaded after this line profit from the cache.
// It lies in the user's own cache folder: compiled code in a shared /tmp could be somebody else's.
// A Node that is too old has no such cache; the program itself says that it is.
module.enableCompileCache?.(
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'agent-conveyor', 'compiled'),
);
module.createRequire(__filename)('./conveyor.js');
