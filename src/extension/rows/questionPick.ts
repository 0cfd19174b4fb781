import type { SessionQuestion } from '../../protocol/snapshot.ts';

export interface QuestionPick {
  readonly title: string;
  /** What it is about, in one line. */
  readonly detail: string;
  readonly options: readonly { readonly label: string; readonly number: number }[];
}

const mostDetail = 600;

/** A question of a session's screen as a pick: first what is asked, then what it is about, then the options. */
export function questionPick(session: string, { dialog, text, options }: SessionQuestion): QuestionPick {
  const [asked = '', ...rest] = text.split('\n').filter((line) => line.trim() !== '');
  const about = rest.join(' · ');
  return {
    title: `${session}: ${plain(asked === '' ? dialog.replaceAll('_', ' ') : asked)}`,
    detail: plain(about.length > mostDetail ? `${about.slice(0, mostDetail)}…` : about),
    options: options.map(({ number, label }) => ({ number, label: `${number}. ${plain(label)}` })),
  };
}

/** Words of a screen are no icons: VS Code would draw `$(name)`. */
function plain(text: string): string {
  return text.replaceAll('$(', '$\u200b(');
}
