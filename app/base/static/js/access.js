// The matrix of a role: tick or clear a whole group at once.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tick-all], [data-tick-none]");
  if (!button) return;
  const on = button.hasAttribute("data-tick-all");
  for (const box of button.closest("[data-matrix]").querySelectorAll("[data-tick]:not(:disabled)")) box.checked = on;
});

// A secret shown once: copy it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
  button.classList.add("btn-success");
});
