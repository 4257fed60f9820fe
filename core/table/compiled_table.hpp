/// What the tables that postmap(1) compiles have in common.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/table/table.hpp"

namespace uflush {

/// The keys under which postmap(1) may have stored a key: with a trailing NUL, as most Berkeley DB tables
/// have it, and without. Both view into `buffer`.
[[nodiscard]] std::array<std::string_view, 2> stored_forms(std::string_view key, std::string& buffer);

/// A value as postmap(1) stored it, without the NUL that may be behind it.
[[nodiscard]] std::string_view stored_value(const void* bytes, std::size_t size) noexcept;

/// Warns when the source file of a compiled table is newer than the table: someone forgot postmap(1). Says
/// nothing during the first 100 seconds after the source was written.
void warn_if_outdated(const std::string& compiled, const std::string& source, Warnings& warnings);

}  // namespace uflush
