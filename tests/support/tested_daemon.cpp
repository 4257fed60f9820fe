#include "tests/support/tested_daemon.hpp"

#include <cstdlib>

namespace uflush::support {

std::string tested_daemon() {
  const char* chosen = std::getenv("UFLUSH_TEST_DAEMON");
  return chosen != nullptr && *chosen != '\0' ? chosen : UFLUSH_BUILT_DAEMON;
}

std::string tested_daemon_name() {
  const std::string path = tested_daemon();
  return path.substr(path.rfind('/') + 1);
}

std::vector<std::string> tested_daemon_options() {
  const char* backend = std::getenv("UFLUSH_TEST_BACKEND");
  if (backend == nullptr || *backend == '\0') return {};
  return {"-o", std::string("uflush_backend=") + backend};
}

bool testing_the_stock_daemon() {
  return tested_daemon_name() == "flush";
}

}  // namespace uflush::support
