// What the page's modules say of the vectors of the log, in Node and in a browser.

const text = (base64) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
const url = (value) => text(value.replaceAll("-", "+").replaceAll("_", "/"));

/** @returns {Promise<string>} "sound", or the code of the fault */
async function verdict(work) {
  try {
    return (await work()) ?? "sound";
  } catch (error) {
    return error.code ?? String(error);
  }
}

function judges({ merkle_tree, checkpoint, log_line, record_chain, tree_growth }, { origin, public: key }) {
  const verified = (note) => checkpoint.verifyCheckpoint(note, origin, url(key));
  return {
    inclusion: async (one) =>
      merkle_tree.verifyInclusion(one.index, one.size, text(one.leaf), text(one.root), one.hashes.map(text)),
    consistency: async (one) =>
      merkle_tree.verifyConsistency(one.old, text(one.old_root), one.new, text(one.new_root), one.hashes.map(text)),
    checkpoints: async (one) => {
      await checkpoint.verifyCheckpoint(one.note, one.origin, url(one.public));
    },
    lines: async (one) => {
      await log_line.checkLine(one.line);
    },
    chains: async (one) => {
      record_chain.followChain(one.links.map(({ seq, leaf, prev }) => ({ seq, leaf: url(leaf), prev: url(prev) })));
    },
    growths: async (one) =>
      tree_growth.compareTrees(await verified(one.before), await verified(one.now), async () => one.hashes.map(text)),
  };
}

export const MODULES = ["merkle_tree", "checkpoint", "log_line", "record_chain", "tree_growth"];

/** @returns {Promise<{checked: number, wrong: string[]}>} */
export async function compare(vectors, modules) {
  let checked = 0;
  const wrong = [];
  for (const [kind, judge] of Object.entries(judges(modules, vectors))) {
    for (const each of vectors[kind]) {
      const found = await verdict(() => judge(each));
      if (found !== each.verdict) wrong.push(`${kind}, ${each.name}: ${each.verdict} expected, ${found} found`);
      checked += 1;
    }
  }
  return { checked, wrong };
}
