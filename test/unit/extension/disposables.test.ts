import assert from 'node:assert/strict';

import { DisposableStore, Emitter } from '../../../src/extension/disposables.ts';

describe('a disposable store', () => {
  it('ends what it owns in reverse order, once', () => {
    const ended: string[] = [];
    const store = new DisposableStore();
    for (const name of ['first', 'second']) store.add({ dispose: () => ended.push(name) });
    store.dispose();
    store.dispose();
    assert.deepEqual(ended, ['second', 'first']);
  });

  it('ends at once what is added after its own end', () => {
    const store = new DisposableStore();
    store.dispose();
    let isEnded = false;
    store.add({ dispose: () => (isEnded = true) });
    assert.equal(isEnded, true);
  });

  it('ends the others when one fails, and then says so', () => {
    const store = new DisposableStore();
    let isEnded = false;
    store.add({ dispose: () => (isEnded = true) });
    store.add({
      dispose: () => {
        throw new Error('stuck');
      },
    });
    assert.throws(() => store.dispose(), AggregateError);
    assert.equal(isEnded, true);
  });
});

describe('an emitter', () => {
  it('no longer calls a listener that ended, also while it fires', () => {
    const heard: string[] = [];
    const emitter = new Emitter<string>();
    const first = emitter.on((value) => {
      heard.push(`first ${value}`);
      first.dispose();
    });
    emitter.on((value) => heard.push(`second ${value}`));
    emitter.fire('a');
    emitter.fire('b');
    assert.deepEqual(heard, ['first a', 'second a', 'second b']);
  });
});
