/** A date of this moment. */
export const NEW_DATE = "NewExpression[callee.name='Date'][arguments.length=0]";

/** `Date()` is the time as well, and under another name `Date` is out of the linter's sight. */
export const OTHER_DATE =
  ":not(NewExpression, MemberExpression, TSTypeReference, VariableDeclarator[id.type='ObjectPattern']) > Identifier[name='Date']";

const EVERYTHING =
  'Through the global object anything can be reached: say the name itself, so that the linter sees it.';

export const everyGlobal = Object.fromEntries(
  ['globalThis', 'window', 'self', 'global', 'eval'].map((name) => [name, EVERYTHING]),
);
