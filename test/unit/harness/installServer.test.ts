import assert from 'node:assert/strict';
import { dirname, delimiter } from 'node:path';

import { installEnvironment } from '../../host/installServer.ts';

describe('the install of the VS Code server', () => {
  it('takes nothing from the npm that runs it but its settings', () => {
    const environment = installEnvironment('/cache/server', {
      PATH: '/usr/bin',
      HOME: '/root',
      NODE: '/usr/bin/node',
      npm_config_registry: 'https://mirror.example/',
      npm_config_user_agent: 'npm/10.8.2 node/v20.20.2 linux x64 workspaces/false',
      npm_node_execpath: '/usr/bin/node',
      npm_lifecycle_event: 'test',
    });
    assert.equal(environment['npm_config_user_agent'], undefined);
    assert.equal(environment['npm_node_execpath'], undefined);
    assert.equal(environment['NODE'], undefined);
    assert.equal(environment['npm_config_registry'], 'https://mirror.example/');
    assert.equal(environment['PATH'], [dirname(process.execPath), '/usr/bin'].join(delimiter));
  });
});
