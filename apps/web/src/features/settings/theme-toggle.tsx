'use client';

import { useState } from 'react';
import { Icon } from '../../parts/icon.tsx';
import { chooseTheme, currentTheme, nextTheme } from './theme.ts';

const ICONS = { system: 'screen', light: 'sun', dark: 'moon' } as const;

/** Goes round: as the system, light, dark. */
export function ThemeToggle() {
  const [theme, setTheme] = useState(currentTheme);
  return (
    <button
      type="button"
      className="button icon"
      aria-label={`Colours: ${theme}. Change`}
      title={`Colours: ${theme}`}
      onClick={() => {
        const next = nextTheme(theme);
        chooseTheme(next);
        setTheme(next);
      }}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
