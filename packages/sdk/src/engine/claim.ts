import { handleSchema, type CipherSuite, type DeviceId } from '@quicprochat/protocol';
import { sdkError } from '../errors.ts';
import type { RelaySession } from '../transport/relay-session.ts';
import type { ClaimedKeyPackage } from './rows.ts';

/**
 * One key package for each device of each handle. What the relay hands out is checked when it is used (see
 * outbox-sender.ts): nothing here trusts it.
 *
 * @throws {UsageError} INVALID_ARGUMENT where a handle is not of the form that handles have
 * @throws {TransportError} NOT_FOUND, KEY_PACKAGES_EXHAUSTED; then none was claimed
 */
export async function claim(
  relay: RelaySession,
  { suite, handles }: { suite: CipherSuite; handles: string[] },
): Promise<ClaimedKeyPackage[]> {
  const malformed = handles.find((handle) => !handleSchema.safeParse(handle).success);
  if (malformed !== undefined)
    throw sdkError('INVALID_ARGUMENT', 'One of these is not of the form that handles have.');
  if (handles.length === 0) return [];
  const { devices } = await relay.claimKeyPackages(suite, handles);
  return devices.map(({ handle, deviceId, keyPackage }) => ({
    handle,
    deviceId: deviceId as DeviceId,
    keyPackage,
  }));
}
