require "a/b"
module M
#      ^ definition.module
  class C < Base
#       ^ definition.class parent=M
#           ^^^^ type.extends of=C
    attr_reader :name, :age
#                ^^^^ definition.property parent=C
#                       ^^^ definition.property parent=C
    LIMIT = 3
#   ^^^^^ definition.constant parent=C
    # Doc
    def initialize(name, age = 3, *rest, key: 1, &blk)
#       ^^^^^^^^^^ definition.constructor parent=C
      @name = name
      x = 1
#     ^ local.variable
    end
    def self.make(n) new(n) end
#            ^^^^ definition.method parent=C container=none flags=static
    def Other.made(n) n end
#             ^^^^ definition.method parent=C container=Other flags=static
    class << self
      def first; end
#         ^^^^^ definition.method parent=C container=none
    end
    class << other
#            ^^^^^ definition.class parent=C
      def alone; end
#         ^^^^^ definition.method parent=other
    end
    def go?; name.upcase; end
#       ^^^ definition.method parent=C
#                 ^^^^^^ reference.call receiver=name
  end
end
describe "thing" do
#         ^^^^^ definition.test
  it "works" do
#     ^^^^^ definition.test parent=thing
  end
end
