/** Light, dark, or what the system says. public/boot.js applies a kept choice before the first paint. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'theme';
const ORDER: readonly Theme[] = ['system', 'light', 'dark'];

export function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export function nextTheme(theme: Theme): Theme {
  return ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? 'system';
}

/** Applies a choice and keeps it. Where storage is forbidden it holds until the page is loaded again. */
export function chooseTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Only the choice is lost.
  }
}
