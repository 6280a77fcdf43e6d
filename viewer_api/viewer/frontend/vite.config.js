// Builds src/ into ../built: names that change with their content, and each script gzipped beside itself. Nothing is loaded from anywhere but the folder's own address, /viewer/.
import { defineConfig } from "vite";
import { gzipped, licences, pdfFiles, withoutUnused } from "./carried.js";

export default defineConfig({
  base: "/viewer/",
  resolve: { alias: { xmlbuilder2: new URL("./src/no_xml.js", import.meta.url).pathname } },
  build: {
    outDir: "../built",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
    rollupOptions: {
      input: "src/main.js",
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  worker: {
    format: "es",
    plugins: () => [licences("licences-of-workers.txt")],
    rollupOptions: { output: { entryFileNames: "workers/[name]-[hash].js", chunkFileNames: "workers/[name]-[hash].js" } },
  },
  plugins: [pdfFiles(), licences(), withoutUnused(), gzipped()],
});
