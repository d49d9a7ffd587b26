import ts from 'typescript';

const PRINT: ts.TypeFormatFlags =
  ts.TypeFormatFlags.NoTruncation |
  ts.TypeFormatFlags.WriteArrowStyleSignature |
  ts.TypeFormatFlags.InTypeAlias;

/** Lists a module's exports: a line for each, and one for each public member with its type. */
export function apiReport(file: string): string {
  const config = ts.getParsedCommandLineOfConfigFile(
    'tsconfig.json',
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
  );
  const program = ts.createProgram([file], config?.options ?? {});
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is no module`);
  const exported = checker.getExportsOfModule(module).map((symbol) => describe(checker, symbol));
  return exported.sort().join('\n');
}

function describe(checker: ts.TypeChecker, exported: ts.Symbol): string {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const lines = [exported.name];
  if (symbol.flags & ts.SymbolFlags.Value) {
    const type = checker.getTypeOfSymbol(symbol);
    if (symbol.flags & ts.SymbolFlags.Class) lines.push(...membersOf(checker, type, 'static '));
    else lines.push(`  = ${checker.typeToString(type, undefined, PRINT)}`);
  }
  if (symbol.flags & ts.SymbolFlags.Type) {
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    if (type.isClassOrInterface()) lines.push(...membersOf(checker, type, ''));
    else
      lines.push(
        `  type ${unionOf(type)
          .map((one) => checker.typeToString(one, undefined, PRINT))
          .sort()
          .join(' | ')}`,
      );
  }
  return lines.join('\n');
}

function membersOf(checker: ts.TypeChecker, type: ts.Type, prefix: string): string[] {
  const own = checker.getPropertiesOfType(type).filter((member) => isPublic(member));
  return own
    .map((member) => {
      const optional = member.flags & ts.SymbolFlags.Optional ? '?' : '';
      const shown = checker.typeToString(checker.getTypeOfSymbol(member), undefined, PRINT);
      return `  ${prefix}${nameOf(member)}${optional}: ${shown}`;
    })
    .sort();
}

/** The compiler's order of a union depends on which member it met first. */
function unionOf(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type];
}

/** The compiler gives a well-known symbol another number in each run. */
function nameOf({ name }: ts.Symbol): string {
  const wellKnown = /^__@(\w+)@\d+$/.exec(name)?.[1];
  return wellKnown === undefined ? name : `[Symbol.${wellKnown}]`;
}

/** Whether a member is public and declared in this project. */
function isPublic(member: ts.Symbol): boolean {
  const [declaration] = member.declarations ?? [];
  if (declaration === undefined || declaration.getSourceFile().fileName.includes('/node_modules/'))
    return false;
  return ts.getNameOfDeclaration(declaration)?.kind !== ts.SyntaxKind.PrivateIdentifier;
}

function fail(diagnostic: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
}
