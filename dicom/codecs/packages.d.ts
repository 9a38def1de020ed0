// The codec packages carry no types of their own. Only what is used is declared.
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  const factory: import('./emscripten-codec.ts').ModuleFactory;

  // biome-ignore lint/style/noDefaultExport: so the package is
  export default factory;
}
declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  const factory: import('./emscripten-codec.ts').ModuleFactory;

  // biome-ignore lint/style/noDefaultExport: so the package is
  export default factory;
}
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  const factory: import('./emscripten-codec.ts').ModuleFactory;

  // biome-ignore lint/style/noDefaultExport: so the package is
  export default factory;
}
