import { expect, test } from 'vitest';
import { fileLeftByVite, workerNotFound } from './files.ts';

test.each([
  'http://localhost:5173/node_modules/.vite/deps/@quicprochat_sdk.js?v=8c8a2b51',
  'http://localhost:5173/node_modules/.vite/deps/platform-browser-DQ3k2.js?v=8c8a2b51',
])('finds the file that Vite left in the package: %s', (moduleUrl) => {
  expect(fileLeftByVite('worker.js', moduleUrl)?.href).toBe(
    'http://localhost:5173/node_modules/@quicprochat/sdk/dist/worker.js',
  );
});

test('keeps the base path and the folder that Vite serves from', () => {
  expect(fileLeftByVite('worker.js', 'http://localhost:5173/app/node_modules/.vite/deps/a.js')?.href).toBe(
    'http://localhost:5173/app/node_modules/@quicprochat/sdk/dist/worker.js',
  );
  expect(
    fileLeftByVite('worker.js', 'http://localhost:5173/@fs/home/x/node_modules/.vite/deps/a.js')?.href,
  ).toBe('http://localhost:5173/@fs/home/x/node_modules/@quicprochat/sdk/dist/worker.js');
});

test.each([
  'http://localhost:5173/node_modules/@quicprochat/sdk/dist/platform-browser.js',
  'https://page.example/assets/index-DQ3k2.js',
  'file:///app/node_modules/@quicprochat/sdk/dist/platform-node.js',
])('leaves every other place alone: %s', (moduleUrl) => {
  expect(fileLeftByVite('worker.js', moduleUrl)).toBeUndefined();
});

test('names Vite’s setting only if the address is one of its development server', () => {
  expect(
    workerNotFound('http://localhost:5173/node_modules/@quicprochat/sdk/dist/worker.js').message,
  ).toContain("optimizeDeps: { exclude: ['@quicprochat/sdk'] }");
  expect(workerNotFound('https://page.example/assets/worker.js').message).not.toContain('Vite');
});
