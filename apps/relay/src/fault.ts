/** Frames of a stack that are logged: enough to find the place. */
const FRAMES = 3;

/**
 * What goes into the log of a fault: its kind, its code and where it came from. Not its message: an error of a parser or
 * of a database can repeat what a caller sent.
 */
export function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error ? [String(error.code)] : [];
  return [error.name, ...code, ...placesOf(error)].join(' ');
}

function placesOf({ stack = '', message }: Error): string[] {
  // The message stands first, and can have any number of lines, which can look like frames.
  const frames = stack.slice(stack.indexOf(message) + message.length).match(/^ +at .+$/gm) ?? [];
  return frames.slice(0, FRAMES).map((frame) => frame.trim());
}
