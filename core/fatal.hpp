/// What ends the process, as a value.
#pragma once

#include <string>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>

#include "io/result.hpp"

namespace uflush {

/// Why the process cannot start or go on: the text of a `fatal:` record, in the reference's words.
struct Fatal {
  std::string text;
};

template <typename T>
using OrFatal = outcome::basic_result<T, Fatal, outcome::policy::terminate>;

}  // namespace uflush
