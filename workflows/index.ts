/** The workflows that workers register. */
export { curateArchive } from './curate-archive.ts';
export { curateBatch } from './curate-batch.ts';
