// ReDoc on our own document; its search would need a worker made of a blob.

Redoc.init("/openapi.json", { disableSearch: true, hideDownloadButton: true }, document.getElementById("redoc"));
