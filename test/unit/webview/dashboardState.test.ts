import assert from 'node:assert/strict';

import {
  type DashboardEvent,
  type DashboardState,
  initialDashboard,
  reduceDashboard,
} from '../../../webview/dashboard/dashboardState.ts';

const after = (...events: readonly DashboardEvent[]): DashboardState =>
  events.reduce(reduceDashboard, initialDashboard('t1'));

const open = (session: string, access: 'watch' | 'takeOver'): DashboardEvent => ({
  kind: 'terminalOpened',
  session,
  access,
});

describe('the terminals of the dashboard', () => {
  it('are one a session', () => {
    const { terminals } = after(open('w1', 'watch'), open('m1', 'watch'), open('w1', 'watch'));
    assert.deepEqual(
      terminals.map(({ session, round }) => [session, round]),
      [
        ['w1', 0],
        ['m1', 0],
      ],
    );
  });

  it('are attached anew with another access, in their place', () => {
    const { terminals } = after(open('w1', 'watch'), open('m1', 'watch'), open('w1', 'takeOver'));
    assert.deepEqual(terminals[0], { session: 'w1', access: 'takeOver', round: 1, notice: null });
  });

  it('are attached anew when they were detached and somebody asks again', () => {
    const said: DashboardEvent = { kind: 'terminalSaid', session: 'w1', notice: 'The terminal is detached.' };
    assert.equal(after(open('w1', 'watch'), said).terminals[0]?.notice, 'The terminal is detached.');
    const [terminal] = after(open('w1', 'watch'), said, open('w1', 'watch')).terminals;
    assert.deepEqual(terminal, { session: 'w1', access: 'watch', round: 1, notice: null });
  });

  it('go when they are closed', () => {
    assert.deepEqual(after(open('w1', 'watch'), { kind: 'terminalClosed', session: 'w1' }).terminals, []);
  });
});
