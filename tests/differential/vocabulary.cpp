#include "tests/differential/vocabulary.hpp"

namespace uflush::differential {

const std::vector<std::string>& plain_sites() {
  static const std::vector<std::string> sites = {
      "example.com", "EXAMPLE.Com",   "sub.example.com",    "ex-ample.com", "ex_ample.com",
      "one.example", "a.one.example", "secret.one.example", "two.example",  "mail.example.biz"};
  return sites;
}

const std::vector<std::string>& plain_log_names() {
  static const std::vector<std::string> names = {"example_com", "sub_example_com", "ex_ample_com",
                                                 "one_example", "a_one_example",   "secret_one_example",
                                                 "two_example", "mail_example_biz"};
  return names;
}

const std::vector<std::string>& odd_sites() {
  static const std::string long_label(63, 'l');
  static const std::vector<std::string> sites = {
      "",
      "localhost",
      "bücher.example",
      "BÜCHER.example",
      "xn--bcher-kva.example",
      "faß.de",
      "例え。テスト",
      "ＡＢＣ．example",
      "İstanbul.example",
      "σς.example",
      "ﬁ.example",
      "soft\xc2\xadhyphen.example",
      "zero\xe2\x80\x8djoiner.example",
      "\xcc\x81mark.example",
      "\xd7\x90\x31.example",
      "😀.example",
      "[1.2.3.4]",
      "[IPv6:::1]",
      "1.2.3.4",
      "12345",
      "123.456-7",
      "example.com.",
      ".example.com",
      "two..example",
      "a b.com",
      "user@example.com",
      "a\nb.example",
      "-bad.example",
      "bad-.example",
      "ab--cd.example",
      "xn--zz.example",
      "xn--.example",
      "xn--a\xc3\xa4.example",
      "_srv._tcp.example",
      "-",
      "_",
      "UPPER.example",
      "\xff\xfe.example",
      "\xc0\xaf.example",
      "\xed\xa0\x80.example",
      "b\xc3\xbc",
      "\xc3",
      long_label + ".example",
      long_label + "l.example",
      long_label + "." + long_label + "." + long_label + "." + std::string(61, 'm'),
      long_label + "." + long_label + "." + long_label + "." + std::string(62, 'm'),
      std::string(300, 'n'),
      "zzzzzzzzzz.zzzz.example",
      "abcdef-BCDFz9.example",
      "xbücherei-bcdfz.example"};
  return sites;
}

const std::vector<std::string>& valid_queue_ids() {
  static const std::vector<std::string> ids = {
      "ABCDEF12345", "ABCDEF12346",        "ABD", "abd", "0123456789A", "4SVLCh0000z5", "4SVLCh0BcDz6",
      "BBBBBBBBBBz", "4SVLCh_000z5",       "A1",  "Q",   "under_score", "DE4D",         "BEEF",
      "CAFE1",       std::string(255, 'L')};
  return ids;
}

const std::vector<std::string>& invalid_queue_ids() {
  static const std::vector<std::string> ids = {"",
                                               "a-b",
                                               std::string(256, 'A'),
                                               "A/B",
                                               "\xc3\xa4",
                                               "AB\nC",
                                               "..",
                                               "A B",
                                               "ABCDEF12345\xff",
                                               "A\tB",
                                               "\x01",
                                               "AB\r",
                                               "a.b",
                                               "../../etc/passwd_and_a_lot_more_behind_it"};
  return ids;
}

}  // namespace uflush::differential
