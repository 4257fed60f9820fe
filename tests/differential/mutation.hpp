/// Requests that no proper client sends, made of those that it does.
#pragma once

#include <string>

#include "tests/sim/dice.hpp"

namespace uflush::differential {

/// `request` with one or two faults: attributes missing, doubled, out of order, renamed, binary, too long;
/// cut short; with something behind it. At least one byte.
[[nodiscard]] std::string mutated_request(const std::string& request, Dice& dice);

}  // namespace uflush::differential
