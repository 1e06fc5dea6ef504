// One archive is sent to /v1, and its way is told as it goes.

let underway = null;

// *told* is called with what is done of it, 0 to 100, and whether all is sent.
export function upload(file, query, told) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    underway = request;
    request.open("POST", `/v1/logs/import/har?${query}`);
    request.setRequestHeader("Content-Type", "application/json");
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      told(Math.floor(100 * event.loaded / event.total), event.loaded === event.total);
    };
    request.onload = () => {
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch { /* no JSON: a proxy in between */ }
      resolve({ status: request.status, answer });
    };
    request.onerror = () => resolve({ status: 0, answer: { detail: "The appliance did not answer." } });
    request.onabort = () => resolve({ status: 0, answer: { detail: "Stopped; nothing of it is stored." } });
    request.send(file);
  });
}

export function abort() {
  underway?.abort();
}
