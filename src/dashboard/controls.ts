import { ConveyorError } from '../core/domain/errors.ts';
import type { HostedContext } from '../core/operations/operationContext.ts';
import { loadOperation } from '../core/operations/registry.ts';
import { runOperation } from '../core/operations/runOperation.ts';
import { type DashboardControl, dashboardControls, type Receipt } from '../protocol/dashboard.ts';
import { receiptFacts, receiptMessage } from './receiptWords.ts';

/** The newest ones; all are on record in the ledger. */
const keptReceipts = 30;

/** Codex starts from here in a sandbox that may write its folder, and asks before it leaves it. The banner says who dispatches. */
const pairLaunch = { sandbox: 'workspace-write', askForApproval: 'on-request', noDispatch: true } as const;

type Fields = Readonly<Record<string, unknown>>;

/** Carries out what the person asks for on a page: the operations of core, and nothing else. Keeps the newest receipts. */
export class Controls {
  readonly #context: HostedContext;
  readonly #onChanged: () => void;
  #receipts: readonly Receipt[] = [];
  #count = 0;

  constructor(context: HostedContext, onChanged: () => void) {
    this.#context = context;
    this.#onChanged = onChanged;
  }

  /** Newest first. */
  get receipts(): readonly Receipt[] {
    return this.#receipts;
  }

  async run(control: string, given: unknown): Promise<Receipt> {
    const known = controlNames.find((name) => name === control);
    if (known === undefined) return this.#refused(this.#begin('unknown', ''), 'The dashboard has no such control.');
    const input = dashboardControls[known].safeParse(given);
    const begun = this.#begin(known, input.success ? subjectOf(input.data) : '');
    if (!input.success) return this.#refused(begun, 'Something is missing, or is not what it should be.');
    return this.#carryOut(begun, known, input.data);
  }

  async #carryOut(begun: Receipt, control: DashboardControl, input: Fields): Promise<Receipt> {
    const context = this.#context.sharing();
    try {
      const operation = await loadOperation(control);
      if (operation === null) throw new Error(`the operation ${control} is not registered`);
      const output = await runOperation(operation, context, control === 'pair' ? { ...input, ...pairLaunch } : input);
      context.settleOutput(true);
      const done = { state: 'done', message: receiptMessage(control, output), facts: receiptFacts(output) } as const;
      return this.#replace({ ...begun, ...done });
    } catch (error) {
      context.settleOutput(false);
      const isRefusal = error instanceof ConveyorError;
      return this.#refused(begun, isRefusal ? error.message : `${control} failed: ${messageOf(error)}`);
    } finally {
      context.close();
    }
  }

  #begin(operation: string, subject: string): Receipt {
    this.#count += 1;
    const at = new Date(this.#context.clock.now()).toISOString();
    const begun: Receipt = { id: this.#count, at, operation, subject, state: 'running', message: '', facts: [] };
    this.#receipts = [begun, ...this.#receipts].slice(0, keptReceipts);
    this.#onChanged();
    return begun;
  }

  #refused(begun: Receipt, message: string): Receipt {
    return this.#replace({ ...begun, state: 'refused', message });
  }

  #replace(receipt: Receipt): Receipt {
    this.#receipts = this.#receipts.map((known) => (known.id === receipt.id ? receipt : known));
    this.#onChanged();
    return receipt;
  }
}

const controlNames = Object.keys(dashboardControls).filter((name): name is DashboardControl =>
  Object.hasOwn(dashboardControls, name),
);

function subjectOf(input: Fields): string {
  const subject = input.name ?? input.task ?? input.create;
  return typeof subject === 'string' ? subject : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
