/**
 * A function that remembers its last answers: the instances of a series ask the same questions over and over. What is
 * remembered stays in memory alone, and is forgotten as a whole when there are too many answers.
 * @param ask pure
 */
export function remember<T>(ask: (key: string) => T, limit = 1000): (key: string) => T {
  const answers = new Map<string, T>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(key);
    if (answers.size >= limit) answers.clear();
    answers.set(key, answer);
    return answer;
  };
}
