/**
 * The folder of the package. The only module that asks for its own place: the build joins the files of a folder into one,
 * and from `src/cli` and `dist/cli` alike it is two levels up.
 */
export const packageFolder: URL = new URL('../../', import.meta.url);
