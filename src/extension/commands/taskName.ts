/** A first guess: the goal's first words, in the letters that names may have. */
export function shortName(goal: string): string {
  const words =
    goal
      .toLowerCase()
      .normalize('NFKD')
      .match(/[a-z0-9]+/g) ?? [];
  return (
    words
      .filter((word) => word.length > 2)
      .slice(0, 3)
      .join('-')
      .slice(0, longest) || 'task'
  );
}

/** What is wrong with a name for a task, or null. Its sessions are named after it, and tmux takes no dots. */
export function nameProblem(text: string): string | null {
  return /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(text.trim()) && text.trim().length <= longest
    ? null
    : `A name has up to ${longest} letters, digits, dashes and underscores, and starts with a letter or digit.`;
}

const longest = 64;
