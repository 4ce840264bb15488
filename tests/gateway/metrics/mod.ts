/** Reads what `/metrics` answers. */
export { readExposition, type Samples } from "./exposition_text.ts";
