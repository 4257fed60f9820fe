#include "core/version.hpp"

namespace uflush {

const char* const version = "0.1.0";

}  // namespace uflush
