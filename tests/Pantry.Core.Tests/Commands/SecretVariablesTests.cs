using System.Diagnostics;
using System.Text;
using Pantry.Commands;

namespace Pantry.Tests.Commands;

public sealed class SecretVariablesTests
{
    [Theory]
    [InlineData("A")]
    [InlineData("_private")]
    [InlineData("Db_Password2")]
    public void A_name_of_a_variable_is_taken(string name)
    {
        var start = new ProcessStartInfo();

        SecretVariables.Set(start, new Dictionary<string, byte[]> { [name] = "wärt=x\n"u8.ToArray() });

        Assert.Equal("wärt=x\n", start.Environment[name]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2fast")]
    [InlineData("a-b")]
    [InlineData("a b")]
    [InlineData("a=b")]
    [InlineData("name\n")]
    [InlineData("ä")]
    [InlineData("a\0b")]
    [InlineData("LD_PRELOAD")]
    [InlineData("pantry_job_id")]
    [InlineData("PANTRY_PROCESS_MARK")]
    public void Any_other_name_and_a_reserved_one_is_refused(string name) => Assert.Equal(
        PantryErrorCode.InvalidArgument,
        Assert.Throws<PantryException>(() => SecretVariables.Set(new ProcessStartInfo(), new Dictionary<string, byte[]> { [name] = "value"u8.ToArray() })).Code);

    [Theory]
    [InlineData("canary\0canary")]
    [InlineData("canary\u00ff")]
    public void A_value_that_is_no_text_is_refused_and_not_shown(string latin1)
    {
        var error = Assert.Throws<PantryException>(
            () => SecretVariables.Set(new ProcessStartInfo(), new Dictionary<string, byte[]> { ["NAME"] = Encoding.Latin1.GetBytes(latin1) }));

        Assert.Contains("NAME", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_longer_than_a_variable_holds_is_refused() => Assert.Equal(
        PantryErrorCode.LimitReached,
        Assert.Throws<PantryException>(
            () => SecretVariables.Set(new ProcessStartInfo(), new Dictionary<string, byte[]> { ["NAME"] = new byte[SecretVariables.MaxBytes + 1] })).Code);

    [Fact]
    public void The_password_of_another_user_is_no_variable()
    {
        var start = new ProcessStartInfo();
        int before = start.Environment.Count;

        SecretVariables.Set(start, new Dictionary<string, byte[]> { [RunAsUser.PasswordSecret] = "canary"u8.ToArray() });

        Assert.Equal(before, start.Environment.Count);
    }
}
