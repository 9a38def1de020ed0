declare module 'dicom-character-set' {
  /**
   * Decodes text by the value of Specific Character Set (backslashes between its values).
   * @throws Error for a character set it does not know
   */
  export function convertBytes(
    specificCharacterSet: string | undefined,
    bytes: Uint8Array,
    options?: { vr?: string },
  ): string;
}
