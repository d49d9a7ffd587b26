/** Drafts of this tab that the SDK's store does not take any more, because a newer version has it. They outlive a reload. */
const PREFIX = 'quicprochat-draft:';

export function keepDraft(conversationId: string, text: string): void {
  tab()?.setItem(PREFIX + conversationId, text);
}

export function keptDraft(conversationId: string): string | undefined {
  return tab()?.getItem(PREFIX + conversationId) ?? undefined;
}

export function forgetDraft(conversationId: string): void {
  tab()?.removeItem(PREFIX + conversationId);
}

/** Undefined if the browser gives this page no storage. */
function tab(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
