using System.Text;
using Pantry.Daemon.Scripts;

namespace Pantry.Daemon.Tests;

/// <summary>Records of scripts are read as data, without PowerShell.</summary>
public sealed class ScriptRecordTests
{
    [Theory]
    [InlineData("<S>a_x000A_b_x005F_x0041_ &lt;</S>", "a\nb_x0041_ <", "\"a\\nb_x0041_ \\u003C\"")]
    [InlineData("<Nil />", "", "null")]
    [InlineData("<I32>-7</I32>", "-7", "-7")]
    [InlineData("<Db>1.5</Db>", "1.5", "1.5")]
    [InlineData("<Db>INF</Db>", "INF", "\"INF\"")]
    [InlineData("<U64>18446744073709551615</U64>", "18446744073709551615", "18446744073709551615")]
    [InlineData("<B>true</B>", "true", "true")]
    [InlineData("<C>97</C>", "a", "\"a\"")]
    [InlineData("<SS>0123</SS>", "***", "\"***\"")]
    [InlineData("<DT>2026-01-02T03:04:05Z</DT>", "2026-01-02T03:04:05Z", "\"2026-01-02T03:04:05Z\"")]
    [InlineData("<Obj RefId=\"0\"><TN RefId=\"0\"><T>System.Object[]</T></TN><LST><I32>1</I32><S>b</S></LST></Obj>", "1 b", "[1,\"b\"]")]
    [InlineData("<Obj RefId=\"0\"><MS><I32 N=\"A\">1</I32><S N=\"B\">x</S></MS></Obj>", "@{A=1; B=x}", "{\"A\":1,\"B\":\"x\"}")]
    [InlineData("<Obj RefId=\"0\"><TN RefId=\"0\"><T>System.DayOfWeek</T></TN><ToString>Monday</ToString><I32>1</I32></Obj>", "Monday", "1")]
    [InlineData("<Obj RefId=\"0\"><ToString>pwsh</ToString><Props><I32 N=\"Id\">4</I32></Props></Obj>", "pwsh", "{\"Id\":4}")]
    [InlineData("<Obj RefId=\"0\"><ToString>just text</ToString></Obj>", "just text", "\"just text\"")]
    [InlineData("<Obj RefId=\"0\"><DCT><En><S N=\"Key\">k</S><S N=\"Value\">v</S></En></DCT></Obj>", "@{k=v}", "{\"k\":\"v\"}")]
    public void A_value_is_text_and_json(string value, string text, string json)
    {
        ScriptRecord record = Assert.Single(ScriptRecord.ReadAll(Record('O', value)));
        Assert.Equal((OutputStream.Output, text), (record.Stream, record.Text));
        Assert.Equal(json, record.Value?.ToJsonString() ?? "null");
    }

    [Fact]
    public void Records_come_in_their_order_and_plain_values_may_share_a_document()
    {
        byte[] records = [.. Record('O', "<S>a</S><S>b</S>"), .. Record('E', "<Obj RefId=\"0\"><ToString>bad</ToString></Obj>"), .. Record('W', "<S>careful</S>")];
        Assert.Equal(
            [(OutputStream.Output, "a"), (OutputStream.Output, "b"), (OutputStream.Error, "bad"), (OutputStream.Warning, "careful")],
            ScriptRecord.ReadAll(records).Select(record => (record.Stream, record.Text)));
    }

    [Fact]
    public void What_is_no_record_is_said_and_nothing_in_it_is_carried_out()
    {
        string[] hostile = ["", "<", "<S>", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><Objs><S>&e;</S></Objs>"];
        foreach (string document in hostile)
        {
            ScriptRecord record = Assert.Single(ScriptRecord.ReadAll([(byte)'O', .. Encoding.UTF8.GetBytes(document), 0]));
            Assert.Equal(OutputStream.Error, record.Stream);
            Assert.StartsWith("A record of the client could not be read", record.Text, StringComparison.Ordinal);
        }

        Assert.Empty(ScriptRecord.ReadAll([]));
        Assert.Empty(ScriptRecord.ReadAll([0, 0]));
    }

    [Fact]
    public void What_is_nested_deeper_than_anybody_needs_ends_there()
    {
        const int Depth = 20_000;
        string nested = string.Concat(Enumerable.Repeat("<Obj><LST>", Depth)) + "<S>deep</S>" + string.Concat(Enumerable.Repeat("</LST></Obj>", Depth));
        ScriptRecord record = Assert.Single(ScriptRecord.ReadAll(Record('O', nested)));
        Assert.Equal("...", record.Text);
        Assert.Contains("...", record.Value!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_of_arguments_says_what_was_given()
    {
        string document = Encoding.UTF8.GetString(ScriptDocument.Write("'a'\r\n# <&> _x0041_ \U0001F642", ["one", "\u0001"], [("Token", "secret/0_PASSWORD")], 3)).TrimEnd('\0');
        ScriptRecord record = Assert.Single(ScriptRecord.ReadAll([(byte)'O', .. Encoding.UTF8.GetBytes(document)]));
        Assert.Equal("'a'\r\n# <&> _x0041_ \U0001F642", (string?)record.Value!["Script"]);
        Assert.Equal("""["one","\u0001"]""", record.Value["Arguments"]!.ToJsonString());
        Assert.Equal("""[{"In":"Variables","Key":"Token","Value":"secret/0_PASSWORD","User":null}]""", record.Value["Secrets"]!.ToJsonString());
        Assert.Equal(3, (long)record.Value["Depth"]!);
    }

    private static byte[] Record(char stream, string values) => Encoding.UTF8.GetBytes($"{stream}<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">{values}</Objs>\0");
}
