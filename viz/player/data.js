// The data of the page, with what was left out of it put in: symbols that are as usual, and formulas that are
// the name of a node.

function completed(data) {
  const { nodes, before, latexBefore } = data;
  for (const node of nodes) {
    if (node.kind === "constant") continue;
    node.gradient ??= `d${node.name}`;
    node.total ??= `${before}${node.name}`;
    node.latexTotal ??= `${latexBefore}${node.latex}}`;
    node.edges?.forEach((edge, which) => {
      if (!edge) return;
      const d = edge.d || "d", latexD = d === "d" ? "d" : "\\partial ";
      const operand = nodes[node.operands[which]];
      edge.local ??= `${d}${node.name}/${d}${operand.name}`;
      edge.latexLocal ??= `\\frac{${latexD}${node.latex}}{${latexD}${operand.latex}}`;
      if (edge.is !== undefined) {
        const other = edge.is < node.operands.length ? nodes[node.operands[edge.is]] : node;
        Object.assign(edge, { formula: other.name, latexFormula: other.latex });
      }
      edge.latexFormula ??= edge.formula;
    });
  }
  data.scene.wires = data.scene.wires.map(({ edges, curve, quiet = false, text = "", label = null }) => ({
    edges, quiet, text, label,
    curve: Array.from({ length: curve.length / 2 }, (_, i) => curve.slice(2 * i, 2 * i + 2)),
  }));
  return data;
}
