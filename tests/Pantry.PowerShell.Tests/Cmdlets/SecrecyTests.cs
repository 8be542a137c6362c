using System.Management.Automation;
using System.Text.Json;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

/// <summary>What must be seen nowhere; the views themselves are looked at where there is a full PowerShell.</summary>
public sealed class SecrecyTests
{
    [Fact]
    public void An_enrolment_has_its_key_in_the_file_only()
    {
        using Session session = Session.WithFleet();
        PSObject? enrolment = session.Run("New-PantryEnrollment one -Application shop -OutFile $root/one.enrollment").Clean().Single();
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(session.Root, "one.enrollment")));
        string secret = file.RootElement.GetProperty("secretKey").GetString()!;

        Assert.Equal(40, secret.Length);
        Assert.DoesNotContain(enrolment!.Properties, property => property.Value?.ToString() == secret);
        Assert.DoesNotContain(secret, enrolment.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_error_and_no_audit_record_shows_a_token()
    {
        using Session session = Session.WithFleet();
        PSObject? token = session.Run("($token = New-PantryEnrollmentToken two -Application shop)").Clean().Single();
        string secret = token.Text("Token");
        Assert.DoesNotContain(secret, token!.ToString(), StringComparison.Ordinal);

        Outcome refused = session.Run("Register-PantryClient -Server \"127.0.0.1:$($server.ReceivePort)\" -PublishPort $server.PublishPort -ServerPublicKey $server.PublicKey -Token $token.Token -Identity three -Application shop");

        Assert.Equal(["InvalidEnrollment"], refused.ErrorIds);
        Assert.DoesNotContain(secret, $"{refused.Errors[0]} {refused.Errors[0].Exception} {refused.Errors[0].TargetObject}", StringComparison.Ordinal);
        Assert.Single(session.Run("Get-PantryAuditLog TokenCreated").Clean());
        Assert.DoesNotContain(session.Run("Get-PantryAuditLog").Clean(), entry => entry!.Properties.Any(property => property.Value?.ToString()?.Contains(secret, StringComparison.Ordinal) == true));
    }

    [Fact]
    public void An_error_of_a_key_file_says_nothing_of_what_is_in_it()
    {
        using Session session = Session.WithFleet();
        session.Connecting();
        string file = Path.Combine(session.Root, "console.operator");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"sessionKey\": \"", "\"sessionKey\": \"opensesame", StringComparison.Ordinal));

        Outcome refused = session.Run("Connect-PantryServer -OperatorFile $root/console.operator");

        Assert.Equal("InvalidKey", refused.ErrorId);
        Assert.DoesNotContain("opensesame", refused.Message + refused.Fatal?.Exception, StringComparison.Ordinal);
    }
}
