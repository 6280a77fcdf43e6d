// Stands for xmlbuilder2, a Node library that vtk.js would read meshes of surfaces with: this page draws none.
export const create = undefined;
