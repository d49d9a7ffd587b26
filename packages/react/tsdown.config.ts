import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'neutral',
  dts: true,
  fixedExtension: false,
  // The bundler drops directives of the files it joins; without this one, a server component that imports a hook fails
  // with a message about useSyncExternalStore instead of one about the boundary.
  banner: { js: "'use client';" },
});
