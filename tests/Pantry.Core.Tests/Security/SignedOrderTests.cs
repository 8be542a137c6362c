using System.Text;
using System.Text.Json.Nodes;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using static Pantry.Tests.Security.Operators;

namespace Pantry.Tests.Security;

public sealed class SignedOrderTests : IDisposable
{
    private const long MaxBytes = 1024 * 1024;
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly byte[] Arguments = [.. """{"line":"uptime"}"""u8];
    private readonly Operators _fleet = new();

    [Fact]
    public void An_order_comes_back_as_it_was_signed()
    {
        OrderVerdict verdict = Verify(SignedOrder.Sign(Full, _fleet.Alice));

        Assert.True(verdict.Stands, verdict.Message);
        Assert.Equal("alice", verdict.Operator!.Name);
        Assert.Equal(Statement(Full), Statement(verdict.Statement));
        Assert.True(OrderCheck.ArgumentsMatch(verdict.Statement, BodyFormat.Json, Arguments));
    }

    [Fact]
    public void Every_changed_byte_is_refused()
    {
        var order = SignedOrder.Sign(Full, _fleet.Alice);
        for (int i = 0; i < order.Statement.Length; i++)
            Assert.NotEqual(OrderFault.None, Verify(order with { Statement = Flipped(order.Statement, i) }).Fault);
        for (int i = 0; i < order.Signature.Length; i++)
            Assert.Equal(OrderFault.BadSignature, Verify(order with { Signature = Flipped(order.Signature, i) }).Fault);
        Assert.Equal(OrderFault.BadSignature, Verify(order with { Signature = [] }).Fault);
    }

    [Fact]
    public void Every_changed_value_is_refused()
    {
        var order = SignedOrder.Sign(Full, _fleet.Alice);
        List<string> changed = [];
        foreach ((string path, JsonNode statement) in Changes(JsonNode.Parse(order.Statement)!))
        {
            changed.Add(path);
            OrderVerdict verdict = Verify(order with { Statement = Encoding.UTF8.GetBytes(statement.ToJsonString()) });
            Assert.True(verdict.Fault is OrderFault.BadSignature or OrderFault.UnknownOperator or OrderFault.Malformed, $"{path}: {verdict}");
        }

        // The whole statement was walked: each of its properties, and those of the target.
        foreach (string name in typeof(OrderStatement).GetConstructors()[0].GetParameters().Select(parameter => parameter.Name!)
            .Concat(["Target.Everyone", "Target.Streams", "Target.Labels.Application", "Target.Labels.Role", "Target.Lists", "Target.EntryLength"]))
        {
            Assert.Contains(changed, path => path.StartsWith(name, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public void An_order_signed_by_another_operator_or_for_another_purpose_is_refused()
    {
        Assert.Equal(OrderFault.BadSignature, Verify(SignedOrder.Sign(Simple, _fleet.Bob)).Fault);
        Assert.Equal(OrderFault.BadSignature, Verify(SignedOrder.Sign(Simple, _fleet.Root)).Fault);
        Assert.Equal(OrderFault.UnknownOperator, Verify(SignedOrder.Sign(Simple with { Operator = "carol" }, _fleet.Alice)).Fault);
        byte[] statement = Statement(Simple);
        Assert.Equal(OrderFault.BadSignature, Verify(new SignedOrder(statement, _fleet.Alice.Sign("Pantry trust bundle 1"u8, statement))).Fault);
    }

    [Fact]
    public void An_operator_whose_time_is_over_gives_no_orders()
    {
        var order = SignedOrder.Sign(Simple with { Operator = "bob", NotAfter = Now.AddDays(3) }, _fleet.Bob);
        Assert.True(Verify(order, Now.AddDays(1)).Stands);
        Assert.Equal(OrderFault.OperatorExpired, Verify(order, Now.AddDays(1).AddSeconds(1)).Fault);
    }

    [Fact]
    public void An_order_of_another_fleet_is_refused() =>
        Assert.Equal(OrderFault.WrongFleet, Verify(SignedOrder.Sign(Simple with { Network = "fleet-2" }, _fleet.Alice)).Fault);

    [Theory]
    [InlineData(-60, "None")]
    [InlineData(-61, "ClockSkew")]
    [InlineData(600 + 60, "None")]
    [InlineData(600 + 61, "OrderExpired")]
    public void An_order_counts_from_when_it_was_given_until_its_time_is_over(int secondsLater, string code)
    {
        OrderVerdict verdict = Verify(SignedOrder.Sign(Simple, _fleet.Alice), Now.AddSeconds(secondsLater));
        Assert.Equal(code, verdict.Code);
        if (!verdict.Stands)
            Assert.Contains("00:01:01", verdict.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Clocks_at_the_end_of_time_overflow_nothing()
    {
        Assert.Equal(OrderFault.ClockSkew, Verify(SignedOrder.Sign(Simple, _fleet.Alice), DateTimeOffset.MinValue).Fault);
        Assert.Equal(OrderFault.OrderExpired, Verify(SignedOrder.Sign(Simple, _fleet.Alice), DateTimeOffset.MaxValue).Fault);
        OrderStatement last = Simple with { IssuedAt = DateTimeOffset.MaxValue, NotAfter = DateTimeOffset.MaxValue };
        Assert.Equal(OrderFault.ClockSkew, Verify(SignedOrder.Sign(last, _fleet.Alice)).Fault);
    }

    [Fact]
    public void Orders_that_make_no_sense_are_neither_signed_nor_taken()
    {
        foreach (OrderStatement wrong in (OrderStatement[])
            [
                Simple with { NotAfter = Simple.IssuedAt.AddDays(8).AddTicks(1) },
                Simple with { NotAfter = Simple.IssuedAt.AddTicks(-1) },
                Simple with { Job = "" },
                Simple with { Job = "a\0b" },
                Simple with { Command = new string('x', 256) },
                Simple with { TimeoutSeconds = 0 },
                Simple with { ArgumentsDigest = [] },
                Simple with { SecretsDigest = new byte[32] },
                Simple with { RunAs = "root\n" },
                Simple with { Target = new TargetStatement() },
                Simple with { Target = new TargetStatement { Streams = ["shop.*"] } },
                Simple with { Target = new TargetStatement { Labels = new LabelTarget(null, null, null) } },
                Simple with { Target = new TargetStatement { Labels = new LabelTarget("a.b", null, null) } },
                Simple with { Target = new TargetStatement { Lists = [new byte[32]], EntryLength = 15 } },
                Simple with { Target = new TargetStatement { Lists = [new byte[31]], EntryLength = 16 } },
                Simple with { Target = new TargetStatement { Everyone = true, EntryLength = 16 } },
            ])
        {
            Assert.Equal(PantryErrorCode.InvalidArgument, Assert.Throws<PantryException>(() => SignedOrder.Sign(wrong, _fleet.Alice)).Code);
            Assert.Equal(OrderFault.Malformed, VerifySigned(Statement(wrong)).Fault);
        }

        Assert.Equal(OrderFault.Malformed, VerifySigned(Statement(Simple with { Version = 2 })).Fault);
        string text = Encoding.UTF8.GetString(Statement(Simple));
        foreach (string wrong in (string[])
            [
                "", "null", "[]", "{}", """{"operator":"alice"}""", """{"operator":7}""",
                text.Replace("\"timeoutSeconds\":30", "\"timeoutSeconds\":1e999", StringComparison.Ordinal),
                text.Replace("\"format\":\"Json\"", "\"format\":1", StringComparison.Ordinal),
                text.Replace("\"lists\":[]", "\"lists\":[null]", StringComparison.Ordinal),
                text.Replace("{\"version\"", "{\"operator\":\"alice\",\"version\"", StringComparison.Ordinal),
                text.Replace("{\"version\"", "{\"onlyOnSundays\":true,\"version\"", StringComparison.Ordinal),
            ])
        {
            Assert.NotEqual(text, wrong);
            Assert.Equal(OrderFault.Malformed, VerifySigned(Encoding.UTF8.GetBytes(wrong)).Fault);
        }

        Assert.Equal(OrderFault.Malformed, OrderCheck.Verify(SignedOrder.Sign(Simple, _fleet.Alice), _fleet.Bundle, Network, Now, Skew, 100).Fault);
    }

    [Fact]
    public void An_order_that_leaves_something_out_is_refused_even_if_signed()
    {
        foreach (JsonNode? node in All(JsonNode.Parse(Statement(Full))).Where(node => node?.Parent is JsonObject))
        {
            string path = node!.GetPath()[2..];
            JsonNode statement = JsonNode.Parse(Statement(Full))!;
            JsonNode left = All(statement).First(found => found is not null && found != statement && found.GetPath()[2..] == path)!;
            left.Parent!.AsObject().Remove(left.GetPropertyName());

            OrderVerdict verdict = VerifySigned(Encoding.UTF8.GetBytes(statement.ToJsonString()));

            Assert.True(verdict.Fault == (path == "runAs" ? OrderFault.None : OrderFault.Malformed), $"{path}: {verdict.Code}");
        }
    }

    [Fact]
    public void Other_arguments_or_secrets_do_not_match()
    {
        Assert.True(OrderCheck.ArgumentsMatch(Simple, BodyFormat.Json, Arguments));
        Assert.False(OrderCheck.ArgumentsMatch(Simple, BodyFormat.Clixml, Arguments));
        Assert.False(OrderCheck.ArgumentsMatch(Simple, BodyFormat.Json, Flipped(Arguments, 3)));
        Assert.False(OrderCheck.ArgumentsMatch(Simple, BodyFormat.Json, []));
        Assert.True(OrderCheck.SecretsMatch(Simple, null));
        Assert.False(OrderCheck.SecretsMatch(Simple, [1]));
        Assert.True(OrderCheck.SecretsMatch(Simple with { SecretsDigest = OrderStatement.Digest([1]) }, [1]));
        Assert.False(OrderCheck.SecretsMatch(Simple with { SecretsDigest = OrderStatement.Digest([1]) }, null));
        Assert.Equal("ArgumentsChanged", OrderCheck.Changed(Simple).Code);
    }

    [Fact]
    public void A_client_takes_what_is_meant_for_it_and_within_scope()
    {
        var me = ClientLabels.Create("host1", "shop", "test", ["web"]);
        OperatorScope[] scopes = [OperatorScope.Parse("shop.test:Shell")];
        OrderFault Of(TargetStatement target, string command = "Shell") => OrderCheck.IsFor(Simple with { Target = target, Command = command }, [], me, scopes, []).Fault;

        Assert.Equal(OrderFault.None, Of(new TargetStatement { Everyone = true }));
        Assert.Equal(OrderFault.None, Of(new TargetStatement { Streams = ["other", "shop.test.web"] }));
        Assert.Equal(OrderFault.None, Of(new TargetStatement { Labels = new LabelTarget("shop", null, "web") }));
        Assert.Equal(OrderFault.NotMeantForUs, Of(new TargetStatement { Streams = ["shop.production", "host2"] }));
        Assert.Equal(OrderFault.NotMeantForUs, Of(new TargetStatement { Labels = new LabelTarget("shop", null, "db") }));
        Assert.Equal(OrderFault.OutOfScope, Of(new TargetStatement { Everyone = true }, "Script"));
        Assert.Equal(OrderFault.OutOfScope, OrderCheck.IsFor(Simple, [], me, [], []).Fault);
    }

    [Fact]
    public void A_client_finds_itself_in_a_list_that_was_signed()
    {
        var me = ClientLabels.Create("host299", "shop", "test", null);
        OperatorScope[] scopes = [OperatorScope.Parse("*:*")];
        byte[][] lists = TargetTags.Lists(Simple.Job, [.. Enumerable.Range(0, 300).Select(i => $"host{i}")]);
        OrderStatement order = Simple with { Target = TargetTags.AddTo(new TargetStatement(), lists, withKeys: false) };
        Assert.True(Verify(SignedOrder.Sign(order, _fleet.Alice)).Stands);

        Assert.Equal(OrderFault.None, OrderCheck.IsFor(order, lists, me, scopes, []).Fault);
        Assert.Equal(OrderFault.None, OrderCheck.IsFor(order, [lists[1]], me, scopes, []).Fault);
        Assert.Equal(OrderFault.NotMeantForUs, OrderCheck.IsFor(order, [lists[0]], me, scopes, []).Fault);
        Assert.Equal(OrderFault.NotMeantForUs, OrderCheck.IsFor(order, [], me, scopes, []).Fault);
        Assert.Equal(OrderFault.NotMeantForUs, OrderCheck.IsFor(order, lists, me with { Identity = "host300" }, scopes, []).Fault);
        Assert.Equal(OrderFault.BadSignature, OrderCheck.IsFor(order, TargetTags.Lists(Simple.Job, ["host299"]), me, scopes, []).Fault);
        Assert.Equal(OrderFault.BadSignature, OrderCheck.IsFor(order, [.. lists, lists[0]], me, scopes, []).Fault);
        Assert.Equal(OrderFault.BadSignature, OrderCheck.IsFor(Simple with { Target = new TargetStatement { Everyone = true } }, lists, me, scopes, []).Fault);
        Assert.Equal(OrderFault.NotMeantForUs, OrderCheck.IsFor(order with { Job = "another" }, lists, me, scopes, []).Fault);
    }

    public void Dispose() => _fleet.Dispose();

    private static OrderStatement Simple => new(
        OrderStatement.CurrentVersion, Network, "job-1", "alice", Now, Now.AddMinutes(10), new TargetStatement { Everyone = true }, "Shell",
        BodyFormat.Json, OrderStatement.Digest(Arguments), null, 30);

    private static OrderStatement Full => Simple with
    {
        Target = new TargetStatement
        {
            Streams = ["shop.test"],
            Labels = new LabelTarget("shop", "test", "web"),
            Lists = [OrderStatement.Digest([1]), OrderStatement.Digest([2])],
            EntryLength = TargetTags.LongEntryLength,
        },
        SecretsDigest = OrderStatement.Digest([3]),
        RunAs = "deploy",
    };

    private static byte[] Statement(OrderStatement order) => SecurityJson.ToBytes(order, SecurityJson.Default.OrderStatement);

    private OrderVerdict Verify(SignedOrder order, DateTimeOffset? now = null) => OrderCheck.Verify(order, _fleet.Bundle, Network, now ?? Now, Skew, MaxBytes);

    private OrderVerdict VerifySigned(byte[] statement) => Verify(new SignedOrder(statement, _fleet.Alice.Sign("Pantry order 1"u8, statement)));

    private static byte[] Flipped(byte[] bytes, int at)
    {
        byte[] flipped = [.. bytes];
        flipped[at] ^= 1;
        return flipped;
    }

    /// <summary>The statement again and again, each time with one value changed or one property left out.</summary>
    private static IEnumerable<(string Path, JsonNode Statement)> Changes(JsonNode whole)
    {
        foreach (JsonNode? node in All(whole))
        {
            if (node is not (JsonValue or JsonArray or JsonObject) || node == whole)
                continue;
            string path = node.GetPath()[2..];
            if (node is JsonValue)
                yield return (path, With(whole, path, Other(node.AsValue())));
            yield return (path, With(whole, path, null));
        }
    }

    private static IEnumerable<JsonNode?> All(JsonNode? node) => (node switch
    {
        JsonObject item => item.SelectMany(property => All(property.Value)),
        JsonArray list => list.SelectMany(All),
        _ => [],
    }).Prepend(node);

    private static JsonNode With(JsonNode whole, string path, JsonNode? value)
    {
        JsonNode copy = whole.DeepClone();
        JsonNode node = All(copy).First(found => found is not null && found != copy && found.GetPath()[2..] == path)!;
        node.ReplaceWith(value);
        return copy;
    }

    private static JsonNode Other(JsonValue value) => value.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => !value.GetValue<bool>(),
        System.Text.Json.JsonValueKind.Number => value.GetValue<double>() + 1,
        _ => value.GetValue<string>() + "x",
    };
}
