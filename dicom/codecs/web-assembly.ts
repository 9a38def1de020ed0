/** The parts of WebAssembly that the codecs use: TypeScript has its types in the library of browsers alone. */
export interface CompiledModule {
  readonly compiledModule: unique symbol;
}
export interface ModuleInstance {
  readonly exports: Record<string, unknown>;
}
export type ModuleImports = Record<string, Record<string, unknown>>;

interface WebAssemblyGlobal {
  compile(bytes: Uint8Array): Promise<CompiledModule>;
  Instance: new (module: CompiledModule, imports: ModuleImports) => ModuleInstance;
}

const { compile, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyGlobal }).WebAssembly;

export const compileModule = compile;

/** Synchronous: a codec that failed is replaced in the middle of a synchronous call. */
export function instantiateModule(module: CompiledModule, imports: ModuleImports): ModuleInstance {
  return new Instance(module, imports);
}
