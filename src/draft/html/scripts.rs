//! The scripts that pages of an archive's site have had below their footers, and their styles, so that whatever else runs in a
//! page that carries a proof, or may hide a part of it, is found.

/// The SHA-256 of each, in the program's languages. A script that is changed gets its lines here; `tests/site.rs` tells them.
pub const KNOWN: &[&str] = &[
    // Renderers 2 to 4.
    "e393fd59c85aafa6cb42bf194b5af53dd9701dbe7d47b23876a47f388371e548",
    "c521198a581f56c0ad3d35bbb26ba8c94e50310abb82932692f00ba86e5b1e8d",
    // Renderer 5.
    "a214cd963ffe86e81e2286fe67c224f2b4a2c203af6e0073af983bb6d262a688",
    "95d400e69707cf13571221bdd309317b735448faec5e1bac7b0944ff844300d0",
    "15e51d2a2e93d751c0438277ce0be78078697e076bad18efcfa0ffa1571541c1",
    "78ba36efaed85491a954cfd22f92b172bf5c3feaa21c40e1808c5091c746ecd6",
    // Renderer 6; its last still stands in the first pages of renderer 7.
    "a1825161244e884ee86fa9c67e8ff9db60fb89597925fea0733eda2c22816836",
    "73417752557887864646558f8d8003936339ff1dbbd40713df1e078140b51862",
    "96eb918a6049e9b9fe027698e7e563debb99e6fa36b50a6b043c85a08f7d6e9a",
    "7c596887a5a33eeb68ba4b7d5dc295c21662aa05731b3083621389ded9254f07",
    // Renderer 7.
    "dfe0bf9b71ef70dd576f6ffd09ba26f46b403023d69681d8697fdd4acc18edd6",
    "69e865530c1770496f044a56e7bbc18aa97120741599d3de631a1e67fe539e2f",
    "a8373768a704410973a6cdcae2f2ce97a94db0c4be22d9eb7ef442fbe8d79810",
    "d734da2dd30a1c7849cc23917c9c6dc7c79726e029849b5b8606c2aca205ea44",
    // Renderers 8 and 9.
    "60979853e09a0b8ae3ba8bd3bb74cedc9b8e92faec4f1fad4897fbb2ee472b94",
    "b3fd5b62ae0c9754aed27d3c8b2a2f08a6d677d69eaf6753edca2bcf7f9c797b",
    // Renderer 10.
    "700d99fc2415daa37b67aaad3926c92ac877c910c25e1f4894490dc5c32b2bfb",
    "1c396e86d6828b19e77913e3d062bae1b95351ae6d74d7de67e430da7dd94420",
    // Renderer 11.
    "97f2a9506c6c90714cd51b3448f10408a441b2dec009f6d28ed61c811e1bd412",
    "84dd6e853f449669b7a5668add288af4a37eefc69e495810d77f5f961d5d4e78",
    // Renderer 12.
    "11cd58d822fb0e7a2a4fafe345514df4a4acaf6c48ffcd38acabdece3234fd3c",
    "918fea4ddb52bbc778b16cce35ab1af755a44df51743a2ee04735d8a41efb57f",
    // Renderer 13.
    "372c131522ca32246aa9b738efbfc57b9dff206e01a7a9d9b36adab5551e56fa",
    "07749144dfc72ce63bd28f6f8759b24ea0592488f6963865303353ffc5406efb",
    // Renderer 14.
    "83c78b2a06adedf0b43a5717d7e655ee7d413441cb59c677bde13f3f7a5d6d3b",
    "67de9b7f091335d374b657a5a24a0f31082855191fa0ad113d254533e7f65876",
    // Renderer 15, in Chinese; in English it is that of 14.
    "43291050d410efa076bce88db316aa5104b66b7dd28927de8630d88c844152d9",
    // Renderer 17.
    "9293b284169392dc40e5ff78dccee55ae41b788df53e357bb5a0db6877c8b69d",
    "1793952d4e3f4be1d86f074abd53e00e8681363b11b6ee44402fbab9a938fa81",
];

/// The SHA-256 of the styles of articles' pages without a theme, oldest first.
pub const KNOWN_STYLES: &[&str] = &[
    "cfc1ad5e139d095e3fe7d40d3fa38fa0b84e1cc038d7ac6fec2a7211b10292ab",
    "ddf8c73f6b65a7d36822ef8f9305b352bc8307ab5ac3c92b799e84a91a3ea13c",
    "b95ea7c308b6dc7791653c47250d2a9eea6dba15fc420b663ffe532897588652",
    "28e6ad67b0978854c54caa250dc5fe51e8712b7a6dc9d07313f0bdb0c09073fd",
    "3ece482096530366a64d4023b1cd1fbbec1aba58c16bc7a1abcddecc0c9f459e",
    // Renderer 14.
    "53a642e6e058d24ad03f72e3cca1c8e8f8de5fbeeed07bcc35a864b081b7e9b4",
    // Renderer 17.
    "ee74ab1c63d4a9fd12e9619c6f8744d4893e57336f46d633e19bdc6e555fa683",
];
