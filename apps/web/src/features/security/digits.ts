/** Cuts a long number into groups, which people read out and compare without losing their place. */
export function inGroups(text: string, size: number): string {
  const groups: string[] = [];
  for (let start = 0; start < text.length; start += size) groups.push(text.slice(start, start + size));
  return groups.join(' ');
}
