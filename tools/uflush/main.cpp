/// uflush(8): Postfix's fast flush service.
#include <span>

#include "tools/uflush/serve.hpp"

int main(int argc, char** argv) {
  uflush::Startup startup;
  uflush::Prepared prepared;
  const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
  const auto status = uflush::start(startup, arguments, [&](uflush::Startup& started) {
    return uflush::prepare_to_serve(started, prepared);
  });
  if (status) return *status;
  return uflush::serve(startup, prepared);
}
