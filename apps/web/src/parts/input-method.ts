/**
 * Whether a key press belongs to an input method (Chinese, Japanese, Korean and others), which uses Enter to choose a
 * character and Escape to take one back. Safari ends the composition before that key press, and marks it by nothing but
 * the code 229.
 */
export function belongsToInputMethod(press: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells it in Safari
  return press.isComposing || press.keyCode === 229;
}
