import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { doctorSelf } from '../../../src/core/operations/doctorSelf.ts';
import { systemProcessRunner } from '../../../src/core/ports/processRunner.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';
import { run } from './support.ts';

/** Answers as a tmux server does on which somebody else's session runs, in pane %7. */
const tmuxScript = `#!/bin/sh
case "$*" in
  *list-panes*) for format; do :; done
    printf '%s\\n' "$format" | sed 's/#{pane_id}/%7/; s/#{session_name}/theirs/; s/#{[a-z_]*}/0/g' ;;
  *has-session*=theirs*) exit 0 ;;
  *) echo "can't find session" >&2; exit 1 ;;
esac
`;

describe('doctor-self', () => {
  let fixture: TemporaryContext;

  afterEach(() => fixture.dispose());

  it('AT-14: outside tmux, another session of a running server is not taken for this one', async () => {
    fixture = withPrograms(['tmux', 'conveyor']);
    const { current_session, checks, supported } = await run(doctorSelf, fixture.context, {});
    assert.deepEqual([current_session, supported], [null, false]);
    assert.equal(checks.find(({ name }) => name === 'inside_tmux')?.ok, false);
  });

  it('AT-14: a variable that names a pane which is not there proves nothing', async () => {
    fixture = withPrograms(['tmux', 'conveyor'], { TMUX: '/tmp/tmux-0/default,1,0', TMUX_PANE: '%99' });
    const { current_session, supported } = await run(doctorSelf, fixture.context, {});
    assert.deepEqual([current_session, supported], [null, false]);
  });

  it('knows the session around it by the pane that tmux named', async () => {
    fixture = withPrograms(['tmux', 'conveyor'], { TMUX: '/tmp/tmux-0/default,1,0', TMUX_PANE: '%7' });
    const { current_session, supported, command_template: template } = await run(doctorSelf, fixture.context, {});
    assert.deepEqual([current_session, supported], ['theirs', true]);
    assert.match(String(template), /register-worker .*--tmux-session theirs/);
  });

  it('AT-14: either name of the program will do', async () => {
    for (const name of ['conveyor', 'workerctl']) {
      fixture?.dispose();
      fixture = withPrograms(['tmux', name]);
      const { supported, workerctl_invocation: path } = await run(doctorSelf, fixture.context, { session: 'theirs' });
      assert.deepEqual([supported, path], [true, join(fixture.folder, 'bin', name)]);
    }
  });

  it('a session that is asked for by name and does not run is no support', async () => {
    fixture = withPrograms(['tmux', 'conveyor']);
    const { supported, checks } = await run(doctorSelf, fixture.context, { session: 'elsewhere' });
    assert.equal(supported, false);
    assert.equal(checks.find(({ name }) => name === 'current_tmux_session_live')?.ok, false);
  });
});

function withPrograms(names: readonly string[], variables: Record<string, string> = {}): TemporaryContext {
  const fixture = temporaryContext();
  const bin = join(fixture.folder, 'bin');
  mkdirSync(bin);
  for (const name of names) {
    writeFileSync(join(bin, name), name === 'tmux' ? tmuxScript : '#!/bin/sh\nexit 0\n');
    chmodSync(join(bin, name), 0o755);
  }
  const path = `${bin}:/usr/bin:/bin`;
  const environment = { ...variables, PATH: path };
  const context = temporaryContext({
    variables: environment,
    processes: {
      ...systemProcessRunner,
      run: (file, argv, options) =>
        systemProcessRunner.run(file === 'tmux' ? join(bin, 'tmux') : file, argv, { ...options, environment }),
    },
  });
  return { ...context, folder: fixture.folder, dispose: () => (context.dispose(), fixture.dispose()) };
}
