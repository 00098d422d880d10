/** A passphrase or a key of 32 bytes, with room for a sentence; anything longer is another file given by mistake. */
export const SECRET_FILE_BYTES_MAX: number = 4 * 1024;
/** 48 bits tell the keys of one ring apart, and can be typed. */
export const KID_SHOWN_CHARS = 8;
/** What terminals were made for; some do not say how wide they are. */
export const TERMINAL_COLUMNS_DEFAULT = 80;
/** Ten pictures a second look alive; more only load a slow connection. */
export const PROGRESS_INTERVAL_MS = 100;
