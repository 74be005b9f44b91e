/** The version in package.json, put in by the build. */
declare const ECO_VERSION: string;
