// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest';
import { ClientProvider } from '@quicprochat/react';
import type { MemberSecurity } from '@quicprochat/sdk';
import { FakeClient } from '../../../test/fake-client.ts';
import { render, type Rendered } from '../../../test/render.ts';
import { KeysSection } from './keys-section.tsx';

let shown: Rendered | undefined;
afterEach(() => shown?.unmount());

test('a badge goes by the account key of the member, not by its handle', async () => {
  const client = new FakeClient();
  const member = { handle: 'bob', own: false, keyAgeEpochs: 0, keyAgeMs: 0 };
  // Two devices under one handle: the key of the second one is not the one that was verified.
  client.isVerified = true;
  client.hasChanged = true;
  const members = [
    { ...member, deviceId: '1', verified: true },
    { ...member, deviceId: '2', verified: false },
  ] as MemberSecurity[];
  shown = await render(
    <ClientProvider client={client.real}>
      <KeysSection members={members} />
    </ClientProvider>,
  );
  const rows = [...shown.element.querySelectorAll('li')].map(({ textContent }) => textContent);
  expect(rows[0]).toContain('verified');
  expect(rows[0]).not.toContain('key changed');
  expect(rows[1]).toContain('key changed');
  expect(rows[1]).not.toContain('verified');
});
