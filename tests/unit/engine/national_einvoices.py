"""Italian and Spanish e-invoices of invented companies."""

FATTURAPA = """<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="fattura.xsl"?>
<p:FatturaElettronica versione="FPR12" xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2">
 <FatturaElettronicaHeader>
  <DatiTrasmissione><IdTrasmittente><IdPaese>IT</IdPaese><IdCodice>99999999990</IdCodice></IdTrasmittente>
   <ProgressivoInvio>00017</ProgressivoInvio></DatiTrasmissione>
  <CedentePrestatore>
   <DatiAnagrafici>
    <IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>00743110157</IdCodice></IdFiscaleIVA>
    <CodiceFiscale>NBBLRA70A01F205X</CodiceFiscale>
    <Anagrafica><Nome>Lara</Nome><Cognome>Nebbiosa</Cognome></Anagrafica>
   </DatiAnagrafici>
   <Sede><Indirizzo>Via del Nulla</Indirizzo><NumeroCivico>12</NumeroCivico><CAP>00100</CAP>
    <Comune>Nuvolara</Comune><Provincia>NV</Provincia><Nazione>IT</Nazione></Sede>
  </CedentePrestatore>
  <CessionarioCommittente>
   <DatiAnagrafici>
    <IdFiscaleIVA><IdPaese>FR</IdPaese><IdCodice>AB123456789</IdCodice></IdFiscaleIVA>
    <Anagrafica><Denominazione>Brumes &amp; Cie SARL</Denominazione></Anagrafica>
   </DatiAnagrafici>
   <Sede><Indirizzo>1 rue du Vide</Indirizzo><CAP>99999</CAP><Comune>Brumeville</Comune><Nazione>FR</Nazione></Sede>
  </CessionarioCommittente>
 </FatturaElettronicaHeader>
 <FatturaElettronicaBody>
  <DatiGenerali>
   <DatiGeneraliDocumento>
    <TipoDocumento>TD06</TipoDocumento><Divisa>EUR</Divisa><Data>2026-03-02</Data><Numero>17/PA</Numero>
    <DatiRitenuta><TipoRitenuta>RT01</TipoRitenuta><ImportoRitenuta>200.00</ImportoRitenuta>
     <AliquotaRitenuta>20.00</AliquotaRitenuta><CausalePagamento>A</CausalePagamento></DatiRitenuta>
    <ImportoTotaleDocumento>1261.00</ImportoTotaleDocumento>
   </DatiGeneraliDocumento>
   <DatiOrdineAcquisto><IdDocumento>ODA-5</IdDocumento><CodiceCIG>Z1234</CodiceCIG></DatiOrdineAcquisto>
  </DatiGenerali>
  <DatiBeniServizi>
   <DettaglioLinee>
    <NumeroLinea>1</NumeroLinea>
    <CodiceArticolo><CodiceTipo>INT</CodiceTipo><CodiceValore>PRG-1</CodiceValore></CodiceArticolo>
    <Descrizione>Progetto   di un faro</Descrizione><Quantita>10.00</Quantita><UnitaMisura>ore</UnitaMisura>
    <PrezzoUnitario>125.00</PrezzoUnitario>
    <ScontoMaggiorazione><Tipo>SC</Tipo><Percentuale>20.00</Percentuale></ScontoMaggiorazione>
    <PrezzoTotale>1000.00</PrezzoTotale><AliquotaIVA>22.00</AliquotaIVA>
   </DettaglioLinee>
   <DettaglioLinee>
    <NumeroLinea>2</NumeroLinea><Descrizione>Rilievo</Descrizione><PrezzoUnitario>37.50</PrezzoUnitario>
    <PrezzoTotale>37.50</PrezzoTotale><AliquotaIVA>4.00</AliquotaIVA>
   </DettaglioLinee>
   <DatiRiepilogo><AliquotaIVA>22.00</AliquotaIVA><ImponibileImporto>1000.00</ImponibileImporto>
    <Imposta>220.00</Imposta><EsigibilitaIVA>I</EsigibilitaIVA></DatiRiepilogo>
   <DatiRiepilogo><AliquotaIVA>4.00</AliquotaIVA><ImponibileImporto>39.42</ImponibileImporto>
    <Imposta>1.58</Imposta><EsigibilitaIVA>I</EsigibilitaIVA></DatiRiepilogo>
  </DatiBeniServizi>
  <DatiPagamento>
   <CondizioniPagamento>TP01</CondizioniPagamento>
   <DettaglioPagamento><ModalitaPagamento>MP05</ModalitaPagamento>
    <DataScadenzaPagamento>2026-04-01</DataScadenzaPagamento><ImportoPagamento>561.00</ImportoPagamento>
    <IBAN>IT60X0542811101000000123456</IBAN><BIC>NEBBIT21</BIC><CodicePagamento>RIF-17</CodicePagamento>
   </DettaglioPagamento>
   <DettaglioPagamento><ModalitaPagamento>MP05</ModalitaPagamento>
    <DataScadenzaPagamento>2026-05-01</DataScadenzaPagamento><ImportoPagamento>500.00</ImportoPagamento>
   </DettaglioPagamento>
  </DatiPagamento>
 </FatturaElettronicaBody>
</p:FatturaElettronica>
"""

FACTURAE = """<?xml version="1.0" encoding="UTF-8"?>
<fe:Facturae xmlns:fe="http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml">
 <FileHeader><SchemaVersion>3.2.2</SchemaVersion><Modality>I</Modality></FileHeader>
 <Parties>
  <SellerParty>
   <TaxIdentification><PersonTypeCode>F</PersonTypeCode><ResidenceTypeCode>R</ResidenceTypeCode>
    <TaxIdentificationNumber>54362315K</TaxIdentificationNumber></TaxIdentification>
   <Individual><Name>Nube</Name><FirstSurname>Niebla</FirstSurname><SecondSurname>Sombra</SecondSurname>
    <AddressInSpain><Address>Calle de Nada 3</Address><PostCode>99000</PostCode><Town>Villaniebla</Town>
     <Province>Bruma</Province><CountryCode>ESP</CountryCode></AddressInSpain></Individual>
  </SellerParty>
  <BuyerParty>
   <TaxIdentification><PersonTypeCode>J</PersonTypeCode><ResidenceTypeCode>U</ResidenceTypeCode>
    <TaxIdentificationNumber>EL094259216</TaxIdentificationNumber></TaxIdentification>
   <LegalEntity><CorporateName>Omichli AE</CorporateName>
    <OverseasAddress><Address>Odos 1</Address><PostCodeAndTown>10000 Omichlia</PostCodeAndTown>
     <Province>Attika</Province><CountryCode>GRC</CountryCode></OverseasAddress></LegalEntity>
  </BuyerParty>
 </Parties>
 <Invoices>
  <Invoice>
   <InvoiceHeader><InvoiceNumber>0042</InvoiceNumber><InvoiceSeriesCode>A26-</InvoiceSeriesCode>
    <InvoiceDocumentType>FC</InvoiceDocumentType><InvoiceClass>OO</InvoiceClass></InvoiceHeader>
   <InvoiceIssueData><IssueDate>2026-02-10</IssueDate><InvoiceCurrencyCode>EUR</InvoiceCurrencyCode>
    <TaxCurrencyCode>EUR</TaxCurrencyCode><LanguageName>es</LanguageName></InvoiceIssueData>
   <TaxesOutputs><Tax><TaxTypeCode>01</TaxTypeCode><TaxRate>21.00</TaxRate>
    <TaxableBase><TotalAmount>900.00</TotalAmount></TaxableBase><TaxAmount><TotalAmount>189.00</TotalAmount></TaxAmount>
   </Tax></TaxesOutputs>
   <TaxesWithheld><Tax><TaxTypeCode>04</TaxTypeCode><TaxRate>15.00</TaxRate>
    <TaxableBase><TotalAmount>900.00</TotalAmount></TaxableBase><TaxAmount><TotalAmount>135.00</TotalAmount></TaxAmount>
   </Tax></TaxesWithheld>
   <InvoiceTotals><TotalGrossAmount>900.00</TotalGrossAmount>
    <TotalGrossAmountBeforeTaxes>900.00</TotalGrossAmountBeforeTaxes><TotalTaxOutputs>189.00</TotalTaxOutputs>
    <TotalTaxesWithheld>135.00</TotalTaxesWithheld><InvoiceTotal>954.00</InvoiceTotal>
    <TotalOutstandingAmount>954.00</TotalOutstandingAmount><TotalExecutableAmount>954.00</TotalExecutableAmount>
   </InvoiceTotals>
   <Items>
    <InvoiceLine><ReceiverTransactionReference>PED-9</ReceiverTransactionReference>
     <ItemDescription>Consulta de nubes</ItemDescription><Quantity>10</Quantity><UnitOfMeasure>02</UnitOfMeasure>
     <UnitPriceWithoutTax>100.000000</UnitPriceWithoutTax><TotalCost>1000.00</TotalCost>
     <DiscountsAndRebates><Discount><DiscountReason>Cliente</DiscountReason><DiscountRate>11.00</DiscountRate>
      <DiscountAmount>110.00</DiscountAmount></Discount></DiscountsAndRebates>
     <Charges><Charge><ChargeReason>Porte</ChargeReason><ChargeAmount>10.00</ChargeAmount></Charge></Charges>
     <GrossAmount>900.00</GrossAmount>
     <TaxesOutputs><Tax><TaxTypeCode>01</TaxTypeCode><TaxRate>21.00</TaxRate>
      <TaxableBase><TotalAmount>900.00</TotalAmount></TaxableBase></Tax></TaxesOutputs>
     <ArticleCode>CN-1</ArticleCode>
    </InvoiceLine>
   </Items>
   <PaymentDetails>
    <Installment><InstallmentDueDate>2026-03-12</InstallmentDueDate><InstallmentAmount>954.00</InstallmentAmount>
     <PaymentMeans>04</PaymentMeans><AccountToBeCredited><IBAN>ES91 2100 0418 4502 0005 1332</IBAN>
      <BIC>NUBEESMMXXX</BIC></AccountToBeCredited>
     <PaymentReconciliationReference>PAGO-42</PaymentReconciliationReference></Installment>
   </PaymentDetails>
  </Invoice>
 </Invoices>
</fe:Facturae>
"""


def twice(document: str, element: str) -> str:
    """`document` with its only `element` repeated."""
    start, end = document.index(f"<{element}>"), document.index(f"</{element}>") + len(element) + 3
    return document[:end] + document[start:end] + document[end:]
