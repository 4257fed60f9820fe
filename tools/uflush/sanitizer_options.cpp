// Only in builds with AddressSanitizer: its search for leaks at exit wants to trace the process, which a
// process that has dropped its privileges does not allow. Leaks are looked for in the tests that run the same
// code as themselves.
extern "C" const char* __asan_default_options();  // NOLINT(bugprone-reserved-identifier): the name is given

extern "C" const char* __asan_default_options() {
  return "detect_leaks=0";
}
