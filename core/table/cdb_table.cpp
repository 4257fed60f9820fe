#include "core/table/cdb_table.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include <cdb.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/table/compiled_table.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/found_value.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

/// A database in memory, mapped from a file.
class CdbTable final : public Table {
 public:
  /// Takes over `cdb`, and with it the mapping.
  CdbTable(std::string name, std::string file, const cdb& cdb, bool utf8)
      : Table(std::move(name), Keys::fixed), file_(std::move(file)), cdb_(cdb), utf8_(utf8) {}
  ~CdbTable() override { cdb_free(&cdb_); }

  [[nodiscard]] std::string opened_name() const override { return fmt::format("cdb:{}", file_); }
  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    for (const std::string_view form : stored_forms(key, key_)) {
      const int status = cdb_find(&cdb_, form.data(), static_cast<unsigned>(form.size()));
      if (status == 0) continue;
      const void* value = status > 0 ? cdb_get(&cdb_, cdb_datalen(&cdb_), cdb_datapos(&cdb_)) : nullptr;
      if (value != nullptr)
        return found_value(*this, key, stored_value(value, cdb_datalen(&cdb_)), utf8_, inquiry);
      inquiry.warnings.push_back(fmt::format("error reading {}: {}", file_, last_error().message()));
      return Lookup::failed;
    }
    return Lookup::not_found;
  }

 private:
  std::string file_;
  cdb cdb_;
  bool utf8_;
  std::string key_;
};

}  // namespace

OpenedTable open_cdb_table(const std::string& type_name, const TableContext& context) {
  const std::string source(split_type_name(type_name).second);
  const std::string file = fmt::format("{}.cdb", source);
  OpenedTable result;
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    result = unavailable(type_name, fmt::format("open database {}: {}", file, last_error().message()));
    result.files.push_back(file);
    return result;
  }
  cdb mapped{};
  if (cdb_init(&mapped, fd) < 0) {
    result.error = fmt::format("dict_cdbq_open: unable to init {}: {}", file, last_error().message());
    result.fatal = true;
  } else {
    result.table = std::make_shared<CdbTable>(type_name, file, mapped, context.utf8);
    warn_if_outdated(file, source, result.warnings);
  }
  ::close(fd);  // the mapping stays
  result.files.push_back(file);
  return result;
}

}  // namespace uflush
