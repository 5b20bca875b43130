/** The version of every package of tsbox; scripts/check-layers.mts compares it with package.json. */
export const VERSION = '0.1.0'
